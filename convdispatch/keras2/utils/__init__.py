"""Helpers under Keras 2's module path."""

from typing import TYPE_CHECKING

from convdispatch.facades.modules import opener
from convdispatch.keras2.utils import np_utils as np_utils
from convdispatch.keras2.utils import vis_utils as vis_utils
from convdispatch.keras2.utils.vis_utils import plot_model as plot_model
from convdispatch.training.codes import Sequence as Sequence
from convdispatch.training.codes import normalize as normalize
from convdispatch.training.codes import to_categorical as to_categorical
from convdispatch.utilities.summaries import print_summary as print_summary

if not TYPE_CHECKING:  # for type checkers there is nothing to find
    __getattr__ = opener(__name__)
