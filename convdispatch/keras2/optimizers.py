"""Keras 2's optimizers: `get` by name, and the classes."""

from functools import partial

from convdispatch.formulas import optimizers
from convdispatch.formulas.optimizers._keras2 import SGD as SGD
from convdispatch.formulas.optimizers._keras2 import Adadelta as Adadelta
from convdispatch.formulas.optimizers._keras2 import Adagrad as Adagrad
from convdispatch.formulas.optimizers._keras2 import Adam as Adam
from convdispatch.formulas.optimizers._keras2 import Adamax as Adamax
from convdispatch.formulas.optimizers._keras2 import Nadam as Nadam
from convdispatch.formulas.optimizers._keras2 import RMSprop as RMSprop
from convdispatch.symbolic.own_optimizers import OwnOptimizer
from convdispatch.symbolic.own_optimizers import clip_norm as clip_norm

Optimizer = OwnOptimizer  # the base of a script's own

get = partial(optimizers.get, table=optimizers.KERAS2)
deserialize = get
serialize = optimizers.serialize
# The names that Keras 2 has for the same classes.
sgd, rmsprop, adagrad, adadelta = SGD, RMSprop, Adagrad, Adadelta
adam, adamax, nadam = Adam, Adamax, Nadam
