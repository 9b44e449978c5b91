"""What is called while a model is trained: to record, to stop, to save, to change the rate.

Keras 1, 2 and 3 have the same names. A callback knows nothing of the step; the loop calls it.
"""

from convdispatch.callbacks._base import BaseLogger as BaseLogger
from convdispatch.callbacks._base import Callback as Callback
from convdispatch.callbacks._base import History as History
from convdispatch.callbacks._base import LambdaCallback as LambdaCallback
from convdispatch.callbacks._base import TerminateOnNaN as TerminateOnNaN
from convdispatch.callbacks._calls import CallbackList as CallbackList
from convdispatch.callbacks._calls import Moments as Moments
from convdispatch.callbacks._calls import as_list as as_list
from convdispatch.callbacks._calls import moments_of as moments_of
from convdispatch.callbacks._calls import told as told
from convdispatch.callbacks._checkpoints import ModelCheckpoint as ModelCheckpoint
from convdispatch.callbacks._files import CSVLogger as CSVLogger
from convdispatch.callbacks._files import TensorBoard as TensorBoard
from convdispatch.callbacks._progress import ProgbarLogger as ProgbarLogger
from convdispatch.callbacks._progress import say_done as say_done
from convdispatch.callbacks._rates import LearningRateScheduler as LearningRateScheduler
from convdispatch.callbacks._rates import ReduceLROnPlateau as ReduceLROnPlateau
from convdispatch.callbacks._remote import RemoteMonitor as RemoteMonitor
from convdispatch.callbacks._stopping import EarlyStopping as EarlyStopping
from convdispatch.callbacks._stopping import OldEarlyStopping as OldEarlyStopping
