"""Chromium, without a window and without a network."""

import functools
import http.server
import os
import shutil
import threading
from pathlib import Path

import pytest

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)  # fmt: skip


@pytest.fixture(scope="session")
def open_browser(tmp_path_factory):
    """A function that opens a browser, with further flags; all are closed at the end."""
    if not (shutil.which("chromium") and shutil.which("chromedriver")):
        if os.environ.get("CI"):
            pytest.fail("CI must install chromium and chromium-driver")
        pytest.skip("no Chromium: install 'chromium' and 'chromium-driver' to open the pages")
    from selenium import webdriver

    opened = []

    def open_one(*flags):
        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which("chromium")
        for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('chromium')}", *flags):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        service = webdriver.ChromeService(shutil.which("chromedriver"))
        opened.append(webdriver.Chrome(options=options, service=service))
        return opened[-1]

    yield open_one
    for driver in opened:
        driver.quit()


@pytest.fixture(scope="session")
def browser(open_browser):
    return open_browser()


class _Silent(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="session")
def serve():
    """A function that hands a folder out on this machine, as any web server; its address."""
    servers = []

    def serve_one(folder: Path) -> str:
        handler = functools.partial(_Silent, directory=folder)
        servers.append(http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler))
        threading.Thread(target=servers[-1].serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{servers[-1].server_port}"

    yield serve_one
    for server in servers:
        server.shutdown()
