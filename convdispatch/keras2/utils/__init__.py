"""Helpers under Keras 2's module path."""

from convdispatch.keras2.utils import np_utils as np_utils
from convdispatch.keras2.utils.layer_utils import print_summary as print_summary
from convdispatch.keras2.utils.vis_utils import plot_model as plot_model
from convdispatch.training.codes import Sequence as Sequence
from convdispatch.training.codes import to_categorical as to_categorical
