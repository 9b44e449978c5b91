"""The convolutions of ResNet-50, derived from Table 1 of its paper (arXiv:1512.03385).

Of the variant known as v1.5: where a stage halves the image, the 3x3 convolution of its first
block has the stride, not the 1x1 before it. Numbers only: no framework, not even convdispatch.
"""

from collections import Counter
from dataclasses import dataclass

IMAGE = 224  # cells a side
# Name, side of the stage's output, channels inside a bottleneck, blocks.
STAGES = (
    ("conv2_x", 56, 64, 3),
    ("conv3_x", 28, 128, 4),
    ("conv4_x", 14, 256, 6),
    ("conv5_x", 7, 512, 3),
)
EXPANSION = 4  # channels that leave a bottleneck, by those inside


@dataclass(frozen=True, repr=False)
class Convolution:
    """A two-dimensional convolution of a square image with a square kernel, 'same' padding."""

    stage: str
    size: int  # cells a side, of the input
    channels: int
    filters: int
    kernel_size: int
    strides: int

    def __repr__(self) -> str:
        return (
            f"{self.stage} {self.kernel_size}x{self.kernel_size}/{self.strides} "
            f"{self.size}x{self.size}x{self.channels} to {self.filters}"
        )


def resnet50() -> Counter[Convolution]:
    """Return each distinct convolution with the number of times that it occurs."""
    found = Counter({Convolution("conv1", IMAGE, 3, 64, 7, 2): 1})
    size, channels = 56, 64  # after the max-pooling
    for stage, output_size, width, blocks in STAGES:
        for block in range(blocks):
            strides = size // output_size
            found[Convolution(stage, size, channels, width, 1, 1)] += 1
            found[Convolution(stage, size, width, width, 3, strides)] += 1
            found[Convolution(stage, output_size, width, EXPANSION * width, 1, 1)] += 1
            if block == 0:  # the shortcut, projected to the new channels and size
                found[Convolution(stage, size, channels, EXPANSION * width, 1, strides)] += 1
            size, channels = output_size, EXPANSION * width
    return found
