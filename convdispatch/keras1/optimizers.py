"""Keras 1's optimizers: `get` by name, and the classes."""

from functools import partial

from convdispatch.formulas import custom_objects, optimizers
from convdispatch.formulas.optimizers._keras1 import SGD as SGD
from convdispatch.formulas.optimizers._keras1 import Adadelta as Adadelta
from convdispatch.formulas.optimizers._keras1 import Adagrad as Adagrad
from convdispatch.formulas.optimizers._keras1 import Adam as Adam
from convdispatch.formulas.optimizers._keras1 import Adamax as Adamax
from convdispatch.formulas.optimizers._keras1 import Nadam as Nadam
from convdispatch.formulas.optimizers._keras1 import RMSprop as RMSprop
from convdispatch.symbolic.own_optimizers import OwnOptimizer
from convdispatch.symbolic.own_optimizers import clip_norm as clip_norm

Optimizer = OwnOptimizer  # the base of a script's own

get = partial(optimizers.get, table=optimizers.KERAS1)
optimizer_from_config = get
deserialize = custom_objects.deserializer(get)
serialize = optimizers.serialize
# The names that Keras 1 has for the same classes.
sgd, rmsprop, adagrad, adadelta = SGD, RMSprop, Adagrad, Adadelta
adam, adamax, nadam = Adam, Adamax, Nadam
