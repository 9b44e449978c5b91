"""Which form of a convolution XLA computes fastest on a processor, by its shapes.

The rules are about time, and about memory where a form takes much. docs/performance.md has the
measurements behind them (jax 0.10.2, two cores).
"""

from __future__ import annotations

from dataclasses import dataclass

# No form makes columns of more than this many MiB, even on request, because a form that was
# measured for one image serves all batches.
MOST_COLUMNS = 64


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """The sizes that determine a form."""

    rank: int  # spatial axes
    images: int
    channels: int
    filters: int
    length: int  # of a column: the numbers that one result reads
    cells: int  # of a result
    inputs: float  # memory of all images, in MiB
    columns: float  # of all columns
    results: float  # of all results
    width: int  # of the result
    is_padded: bool
    is_strided: bool

    @property
    def columns_of_an_image(self) -> float:
        """The memory of one image's columns, in MiB."""
        return self.columns / max(self.images, 1)


def has_room(form: str, sizes: Sizes | None) -> bool:
    """Say whether the columns of a form, if it has any, take no more memory than they may."""
    if form == "columns":
        return sizes is not None and sizes.columns <= MOST_COLUMNS
    if form == "columns_by_image":
        return sizes is not None and sizes.columns_of_an_image <= MOST_COLUMNS
    return True


def forward_form(sizes: Sizes | None, *, is_alone: bool) -> str:
    """Return the form of a convolution, alone or in a function that is compiled as a whole."""
    if sizes is None or not sizes.images or sizes.rank == 1:
        return "framework"
    if sizes.rank == 3:
        return _forward_form_of_volumes(sizes)
    if not (sizes.is_padded or is_alone):
        return "framework"
    if sizes.columns <= 8 and sizes.length >= 4096:
        return "columns"  # 1.2 to 1.9 times as fast: few cells, many channels
    if sizes.channels < 16:
        is_thin = _is_thin(sizes, is_alone=is_alone)
        return "columns" if is_thin else "framework"  # 1.05 to 5 times
    if sizes.is_strided:
        is_large = sizes.images > 1 and sizes.inputs >= 40
        # 1 to 1.8 times
        return _columns_by_image_if_there_is_room(sizes) if is_large else "framework"
    if sizes.is_padded:
        # 1.3 to 2 times
        return "row" if sizes.width >= 48 or sizes.results >= 24 else "framework"
    return "row" if sizes.columns >= 2 else "framework"  # 1.1 to 5 times


def _is_thin(sizes: Sizes, *, is_alone: bool) -> bool:
    """Whether few numbers are read for a result, and few results made of them."""
    if sizes.length > 36:
        return False
    if sizes.filters <= 16:
        return sizes.columns <= 4
    # Colours: of two or four channels XLA makes 17 filters and more as fast as columns do, and of
    # three, too, with what follows.
    return is_alone and sizes.channels == 3 and sizes.filters <= 32 and sizes.columns <= 16


def _forward_form_of_volumes(sizes: Sizes) -> str:
    if sizes.columns <= 16:
        return "columns"  # 1.5 to 7 times
    # 1.6 to 4 times
    return _columns_by_image_if_there_is_room(sizes) if sizes.channels < 16 else "framework"


def input_gradient_form(sizes: Sizes | None) -> str:
    """Return the form whose transpose gives the gradient of the input."""
    if sizes is None or not sizes.images:
        return "framework"
    if sizes.rank == 1:
        is_small = sizes.channels == 1 and sizes.columns <= 16
        return "columns" if is_small else "framework"  # 1.1 to 2.9 times
    if sizes.rank == 3:
        is_slow = sizes.is_strided or sizes.channels <= 32
        return _columns_if_there_is_room(sizes) if is_slow else "framework"  # 1.2 to 50 times
    if sizes.is_strided:
        # 1.1 to 2.1 times
        return _columns_if_there_is_room(sizes) if sizes.channels >= 64 else "framework"
    is_extreme = sizes.length >= 2048 or sizes.channels == 1
    if is_extreme and sizes.columns <= 8:
        return "columns"  # 1.9 to 4.5 times
    is_large = sizes.images > 1 and sizes.results >= 64 and sizes.columns_of_an_image <= 16
    return "columns_by_image" if is_large else "framework"  # 1.1 to 1.3 times


def kernel_gradient_form(sizes: Sizes | None) -> str:
    """Return the form whose transpose gives the gradient of the kernel."""
    if sizes is None or not sizes.images or sizes.rank == 1:
        return "framework"
    if sizes.rank == 3:
        return _columns_if_there_is_room(sizes)  # 1.1 to 8 times
    if sizes.columns <= 4 and (sizes.channels >= 128 or sizes.channels == 1):
        return "columns"  # 1.7 to 2.3 times
    if sizes.images == 1 and sizes.filters <= 16 and 0.1 <= sizes.columns <= 8:
        return "columns"  # 1.8 to 4.9 times
    if sizes.images > 1 and sizes.columns > 16:
        if sizes.channels >= 16 and sizes.filters >= 64 and sizes.results >= 24:
            return _columns_by_image_if_there_is_room(sizes)  # 1.2 to 2.8 times
        is_slow = sizes.channels >= 64 if sizes.is_strided else not sizes.is_padded
        if is_slow:
            return _columns_by_image_if_there_is_room(sizes)  # 1.1 to 5 times
    return "framework"


def _columns_if_there_is_room(sizes: Sizes) -> str:
    return "columns" if sizes.columns <= 32 else _columns_by_image_if_there_is_room(sizes)


def _columns_by_image_if_there_is_room(sizes: Sizes) -> str:
    return "columns_by_image" if has_room("columns_by_image", sizes) else "framework"
