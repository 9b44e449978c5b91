"""A recurrent network of rectifiers that begins with the identity reads a picture cell by cell."""
from __future__ import print_function
import numpy as np
from keras.datasets import mnist
from keras.models import Sequential
from keras.layers import Dense, Activation
from keras.layers import SimpleRNN
from keras.initializations import normal, identity
from keras.optimizers import RMSprop
from keras.utils import np_utils

batch_size, nb_classes, nb_epochs, hidden_units = 16, 10, 1, 8
learning_rate, clip_norm = 1e-6, 1.0
(X_train, y_train), (X_test, y_test) = mnist.load_data()
X_train = X_train[:32, ::4, ::4].reshape(32, -1, 1).astype('float32') / 255
X_test = X_test[:16, ::4, ::4].reshape(16, -1, 1).astype('float32') / 255
Y_train = np_utils.to_categorical(y_train[:32], nb_classes)
Y_test = np_utils.to_categorical(y_test[:16], nb_classes)

model = Sequential()
model.add(SimpleRNN(output_dim=hidden_units,
                    init=lambda shape, name: normal(shape, scale=0.001, name=name),
                    inner_init=lambda shape, name: identity(shape, scale=1.0, name=name),
                    activation='relu', input_shape=X_train.shape[1:]))
model.add(Dense(nb_classes))
model.add(Activation('softmax'))
rmsprop = RMSprop(lr=learning_rate, clipnorm=clip_norm)
model.compile(loss='categorical_crossentropy', optimizer=rmsprop, metrics=['accuracy'])
inner = model.layers[0].get_weights()[1]
assert (inner == np.eye(hidden_units)).all()
model.fit(X_train, Y_train, batch_size=batch_size, nb_epoch=nb_epochs, verbose=1,
          validation_data=(X_test, Y_test))
scores = model.evaluate(X_test, Y_test, verbose=0)
print('IRNN test score:', scores[0])
print('IRNN test accuracy:', scores[1])
