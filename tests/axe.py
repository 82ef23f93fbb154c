"""What axe-core finds on a page that is open in a browser."""

from pathlib import Path

AXE = Path(__file__).parents[1] / "book" / "pages" / "checks" / "axe.min.js"


def found_by_axe(browser, theme="light", left_out=()):
    """Serious findings: contrast, names of controls, order of headings, ...

    In the dark only colours are looked at, on a page that was looked at in the light before.
    """
    if theme == "light":
        browser.execute_script(AXE.read_text())
    return browser.execute_async_script(
        """
        const [theme, exclude, done] = arguments;
        document.documentElement.dataset.theme = theme;
        const all = {resultTypes: ['violations']};
        const options = theme === 'dark' ? {...all, runOnly: ['color-contrast']} : all;
        const context = exclude.length ? {exclude} : document;
        axe.run(context, options).then(({violations}) => done(
            violations.filter(v => ['serious', 'critical'].includes(v.impact)).map(
                v => [v.help, v.nodes.slice(0, 5).map(n => n.html.slice(0, 150))])));
        """,
        theme,
        list(left_out),
    )
