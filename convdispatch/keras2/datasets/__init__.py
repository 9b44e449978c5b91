"""Data sets under Keras 2's module path."""

from convdispatch.keras2.datasets import mnist as mnist
