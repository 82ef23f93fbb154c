"""A figure of how the decoder climbs."""

import torch

from prn_lib.figures.base import Picture, draw_image, draw_outline, image_grid, picture
from prn_lib.model import PRN


@torch.inference_mode()
def show_decoding(model: PRN, image: torch.Tensor, mask: torch.Tensor) -> Picture:
    """The decoder's stages on ``image`` ``(3, S, S)`` in [0, 1]; ``mask`` ``(1, S, S)`` {0, 1}.

    A stage is shown as the mean absolute value over its channels, black at its own lowest.
    """
    decoder = model.decoder
    *features, bottleneck = model.encoder(image[None])
    stages, handles = [bottleneck], []
    for module in (*decoder.blocks, *list(decoder.head)[1::2]):
        handles.append(module.register_forward_hook(lambda *made: stages.append(made[2])))
    score_map = decoder(bottleneck, model.skips(features)).sigmoid()[0, 0]
    for handle in handles:
        handle.remove()
    figure, axes = image_grid(2, 4)
    draw_image(axes[0, 0], image, "the image")
    draw_outline(axes[0, 0], mask)
    for axis, stage in zip(axes.flat[1:], stages, strict=False):
        axis.imshow(stage[0].abs().mean(0), cmap="viridis", interpolation="nearest")
        axis.set_title(" x ".join(map(str, stage.shape[1:])), fontsize=8)
    axes[1, 3].imshow(score_map, cmap="inferno", vmin=0)
    axes[1, 3].set_title(f"score map, up to {score_map.max():.2f}", fontsize=8)
    highest = divmod(int(score_map.argmax()), score_map.shape[1])
    inside = bool(mask[0][highest] > 0)
    return picture(
        figure,
        "A product with its defect outlined, then six maps of growing size, from "
        f"{stages[0].shape[2]} to {stages[-1].shape[2]} pixels a side, ever finer; last the score "
        f"map, whose highest score, {score_map.max():.2f}, lies "
        f"{'inside' if inside else 'outside'} the defect.",
    )
