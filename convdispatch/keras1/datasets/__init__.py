"""Data sets under Keras 1's module path."""

from convdispatch.keras1.datasets import mnist as mnist
