"""``prn foregrounds``: see and correct the foregrounds that target areas are restricted to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from prn_lib.cli.group import data_root

if TYPE_CHECKING:
    import torch

OVERVIEW = "overview.png"
SHOWN = 24  # images in the overview, the odd ones first


@click.command()
@click.option("--dataset", required=True, metavar="NAME", help="As 'prn data list' has it.")
@click.option("--category", required=True, metavar="NAME")
@data_root
@click.option("--out", required=True, type=Path, metavar="FOLDER", help="Where the masks go.")
@click.option("--size", default=256, show_default=True, type=click.IntRange(32), help="In pixels.")
@click.option("--background", type=int, help="Its grey value, 0 to 255.  [default: known or found]")
@click.option("--tolerance", type=int, help="Difference in grey that still belongs to it.")
@click.option("--again", is_flag=True, help="Replace masks that are there.")
def foregrounds(
    dataset: str,
    category: str,
    data_root: str | None,
    out: Path,
    size: int,
    background: int | None,
    tolerance: int | None,
    again: bool,
) -> int:
    """See and correct where on a product anomalies are invented.

    Writes a mask for every normal image and a picture of them. Look at it; try other settings, or
    mend masks in any paint program. Then train with --set foreground_masks=FOLDER. The exit status
    is 1 if some masks must be corrected.
    """
    import numpy as np
    import torch

    from prn_lib.datasets import Background, load_category
    from prn_lib.datasets.foregrounds import (
        estimate_foregrounds,
        mask_path,
        odd_foregrounds,
        read_foreground,
        write_foregrounds,
    )

    product = load_category(dataset, category, data_root)
    # All of them: which normals are for training can depend on the seed.
    normals = [s for s in (*product.train_normals, *product.test) if not s.is_anomaly]
    images, _ = product.load(normals, size)
    known = product.background or Background()
    taken = Background(
        known.grey if background is None else background,
        known.tolerance if tolerance is None else tolerance,
    )
    names = [sample.name for sample in normals]
    written = write_foregrounds(estimate_foregrounds(images, taken), names, out, replace=again)
    kept = [read_foreground(mask_path(out, name), size) for name in names]
    masks = torch.from_numpy(np.stack(kept))[:, None]
    click.echo(f"{taken}; {written} of {len(names)} masks written to {out}")
    if written < len(names):
        click.echo("the others were there already and are kept; --again replaces them")
    odd = odd_foregrounds(masks, names)
    _draw(images, masks, names, odd, out / OVERVIEW)
    share = masks.float().mean((1, 2, 3)).median()
    click.echo(f"foregrounds cover {share:.0%} of the image (median)")
    for name, covered in odd.items():
        click.echo(f"  CORRECT {mask_path(out, name)}: it covers {covered:.1%}")
    click.echo(f"look at {out / OVERVIEW}; then set foreground_masks to {out}")
    return 1 if odd else 0


def _draw(
    images: torch.Tensor, masks: torch.Tensor, names: list[str], odd: dict[str, float], path: Path
) -> None:
    from prn_lib.common.files import whole_file
    from prn_lib.figures import show_foregrounds

    order = sorted(range(len(names)), key=lambda i: names[i] not in odd)[:SHOWN]
    shown = show_foregrounds(images[order], masks[order], [names[i] for i in order])
    with whole_file(path) as draft:
        draft.write_bytes(shown.png)
