"""Models as scikit-learn's estimators: a function makes the model, which is compiled."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from convdispatch.errors import InvalidArgument
from convdispatch.training.codes import to_categorical


class BaseWrapper:
    """A model with scikit-learn's methods. `build_fn` returns a compiled model.

    build_fn: the function, or an object with `__call__`; without it a subclass's `__call__` is it.
    sk_params: arguments of `build_fn` and of the model's `fit` and `predict`.
    """

    def __init__(self, build_fn: Callable[..., Any] | None = None, **sk_params: Any) -> None:
        self.build_fn = build_fn
        self.sk_params = sk_params
        self.check_params(sk_params)

    def _maker(self) -> Callable[..., Any]:
        maker: Any = self.__call__ if self.build_fn is None else self.build_fn  # type: ignore[operator]
        is_object = not inspect.isfunction(maker) and not inspect.ismethod(maker)
        found: Callable[..., Any] = maker.__call__ if is_object and callable(maker) else maker
        return found

    def check_params(self, params: Mapping[str, Any]) -> None:
        """Raise `InvalidArgument` for an argument that neither function takes."""
        from convdispatch.models import Sequential

        methods = (Sequential.fit, Sequential.predict, Sequential.evaluate)
        taken = {n for one in (*methods, self._maker()) for n in inspect.signature(one).parameters}
        takes_all = any(
            one.kind is one.VAR_KEYWORD
            for one in inspect.signature(self._maker()).parameters.values()
        )
        for name in params:
            if name not in taken | {"nb_epoch"} and not takes_all:
                raise InvalidArgument(
                    f"`{name}` is no argument of `build_fn`, `fit`, `predict` or `evaluate`."
                )

    def get_params(self, **_: Any) -> dict[str, Any]:
        """Return the arguments, `build_fn` among them."""
        return {**copy.deepcopy(self.sk_params), "build_fn": self.build_fn}

    def set_params(self, **params: Any) -> BaseWrapper:
        """Set arguments of later fits."""
        self.check_params(params)
        self.sk_params.update(params)
        return self

    def fit(self, x: Any, y: Any, **kwargs: Any) -> Any:
        """Make the model and train it; return its history."""
        self.model = self._maker()(**self.filter_sk_params(self._maker()))
        loss = getattr(self.model, "loss", None)
        if getattr(loss, "__name__", loss) == "categorical_crossentropy" and np.ndim(y) != 2:
            y = to_categorical(y)
        given = {**self.filter_sk_params(self.model.fit), **kwargs}
        return self.model.fit(x, y, **given)

    def filter_sk_params(
        self, fn: Callable[..., Any], override: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Return those of the arguments that a function takes."""
        stated = inspect.signature(fn).parameters
        found = {name: value for name, value in self.sk_params.items() if name in stated}
        if "nb_epoch" in self.sk_params and "epochs" in stated:
            found["epochs"] = self.sk_params["nb_epoch"]
        return {**found, **(override or {})}

    def _given(self, method: Callable[..., Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        return self.filter_sk_params(method, kwargs)


class KerasClassifier(BaseWrapper):
    """A classifier of scikit-learn's."""

    def fit(self, x: Any, y: Any, **kwargs: Any) -> Any:
        """Make the model and train it on numbers or names of classes, or on rows of codes."""
        y = np.asarray(y)
        if y.ndim == 2 and y.shape[1] > 1:
            self.classes_ = np.arange(y.shape[1])
        elif y.ndim == 1 or (y.ndim == 2 and y.shape[1] == 1):
            self.classes_ = np.unique(y)
            y = np.searchsorted(self.classes_, y)
        else:
            raise InvalidArgument(f"`y` must have one axis or two; received the shape {y.shape}.")
        self.n_classes_ = len(self.classes_)
        return super().fit(x, y, **kwargs)

    def predict(self, x: Any, **kwargs: Any) -> Any:
        """Return the class of each sample."""
        kwargs = self._given(self.model.predict, kwargs)
        found = np.asarray(self.model.predict(x, **kwargs))
        is_many = found.shape[-1] > 1
        places = found.argmax(axis=-1) if is_many else (found > 0.5).astype("int32")
        return self.classes_[places]

    def predict_proba(self, x: Any, **kwargs: Any) -> Any:
        """Return the probability of each class for each sample."""
        found = np.asarray(self.model.predict(x, **self._given(self.model.predict, kwargs)))
        return np.hstack([1 - found, found]) if found.shape[1] == 1 else found

    def score(self, x: Any, y: Any, **kwargs: Any) -> float:
        """Return the share of samples whose class is right."""
        places = np.searchsorted(self.classes_, np.asarray(y))
        loss = getattr(self.model, "loss", None)
        if getattr(loss, "__name__", loss) == "categorical_crossentropy" and places.ndim != 2:
            places = to_categorical(places)
        given = self._given(self.model.evaluate, kwargs)
        values = self.model.evaluate(x, places, **given)
        listed = values if isinstance(values, list) else [values]
        for name, value in zip(self.model.metrics_names, listed, strict=True):
            if name in ("acc", "accuracy"):
                return float(value)
        raise InvalidArgument(
            "`score` needs the accuracy: compile the model with `metrics=['accuracy']`."
        )


class KerasRegressor(BaseWrapper):
    """A regressor of scikit-learn's."""

    def predict(self, x: Any, **kwargs: Any) -> Any:
        """Return the number of each sample."""
        given = self._given(self.model.predict, kwargs)
        return np.squeeze(np.asarray(self.model.predict(x, **given)), axis=-1)

    def score(self, x: Any, y: Any, **kwargs: Any) -> float:
        """Return minus the loss, so that a greater number is better."""
        values = self.model.evaluate(x, y, **self._given(self.model.evaluate, kwargs))
        return -float(values[0] if isinstance(values, list) else values)
