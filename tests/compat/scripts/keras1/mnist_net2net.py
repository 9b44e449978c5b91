"""A wider and a deeper network begin with what a smaller one has learned."""
from __future__ import print_function
import numpy as np
np.random.seed(1337)

from keras import backend as K
from keras.datasets import mnist
from keras.layers import Convolution2D, Dense, Flatten, MaxPooling2D
from keras.models import Sequential
from keras.optimizers import SGD
from keras.utils import np_utils

input_shape = (28, 28, 1) if K.image_dim_ordering() == 'tf' else (1, 28, 28)
nb_class = 10


def preprocess_input(x):
    return x.reshape((-1, ) + input_shape) / 255.


def preprocess_output(y):
    return np_utils.to_categorical(y)


(train_x, train_y), (validation_x, validation_y) = mnist.load_data()
train_x, validation_x = map(preprocess_input, [train_x, validation_x])
train_y, validation_y = map(preprocess_output, [train_y, validation_y])
print('training data has shape of', train_x.shape, train_y.shape)


def wider2net_conv2d(teacher_w1, teacher_b1, teacher_w2, new_width):
    axis = 0 if K.image_dim_ordering() == 'th' else 3
    if axis == 3:
        teacher_w1 = teacher_w1.transpose((3, 2, 0, 1))
        teacher_w2 = teacher_w2.transpose((3, 2, 0, 1))
    n = new_width - teacher_w1.shape[0]
    index = np.random.randint(teacher_w1.shape[0], size=n)
    factors = np.bincount(index)[index] + 1.
    new_w1 = teacher_w1[index, :, :, :]
    new_w2 = teacher_w2[:, index, :, :] / factors.reshape((1, -1, 1, 1))
    w1 = np.concatenate((teacher_w1, new_w1), axis=0)
    w2 = np.concatenate((teacher_w2, new_w2), axis=1)
    w2[:, index, :, :] = new_w2
    b1 = np.concatenate((teacher_b1, teacher_b1[index]), axis=0)
    if axis == 3:
        w1, w2 = w1.transpose((2, 3, 1, 0)), w2.transpose((2, 3, 1, 0))
    return w1, b1, w2


def deeper2net_conv2d(teacher_w):
    if K.image_dim_ordering() == 'th':
        nb_filter, nb_channel, kh, kw = teacher_w.shape
        student_w = np.zeros((nb_filter, nb_filter, kh, kw))
        for i in range(nb_filter):
            student_w[i, i, (kh - 1) // 2, (kw - 1) // 2] = 1.
    else:
        kh, kw, nb_channel, nb_filter = teacher_w.shape
        student_w = np.zeros((kh, kw, nb_filter, nb_filter))
        for i in range(nb_filter):
            student_w[(kh - 1) // 2, (kw - 1) // 2, i, i] = 1.
    return student_w, np.zeros(nb_filter)


def copy_weights(teacher_model, student_model, layer_names):
    for name in layer_names:
        weights = teacher_model.get_layer(name=name).get_weights()
        student_model.get_layer(name=name).set_weights(weights)


def make_model(width, deeper=False):
    model = Sequential()
    model.add(Convolution2D(width, 3, 3, input_shape=input_shape, border_mode='same', name='conv1'))
    model.add(MaxPooling2D(name='pool1'))
    model.add(Convolution2D(8, 3, 3, border_mode='same', name='conv2'))
    if deeper:
        model.add(Convolution2D(8, 3, 3, border_mode='same', name='conv2-deeper'))
    model.add(MaxPooling2D(name='pool2'))
    model.add(Flatten(name='flatten'))
    model.add(Dense(8, activation='relu', name='fc1'))
    if deeper:
        model.add(Dense(8, init='identity', activation='relu', name='fc1-deeper'))
    model.add(Dense(nb_class, activation='softmax', name='fc2'))
    return model


def train(model):
    model.compile(loss='categorical_crossentropy', optimizer=SGD(lr=0.001, momentum=0.9),
                  metrics=['accuracy'])
    history = model.fit(train_x, train_y, nb_epoch=1, validation_data=(validation_x, validation_y))
    return model, history


teacher_model, history = train(make_model(4))
wider = make_model(6)
w_conv1, b_conv1 = teacher_model.get_layer('conv1').get_weights()
w_conv2, b_conv2 = teacher_model.get_layer('conv2').get_weights()
new_w_conv1, new_b_conv1, new_w_conv2 = wider2net_conv2d(w_conv1, b_conv1, w_conv2, 6)
wider.get_layer('conv1').set_weights([new_w_conv1, new_b_conv1])
wider.get_layer('conv2').set_weights([new_w_conv2, b_conv2])
copy_weights(teacher_model, wider, ['fc1', 'fc2'])
deeper = make_model(4, deeper=True)
deeper.get_layer('conv2-deeper').set_weights(deeper2net_conv2d(w_conv2))
copy_weights(teacher_model, deeper, ['conv1', 'conv2', 'fc1', 'fc2'])
wanted = teacher_model.predict(validation_x)
for student in (wider, deeper):
    assert np.abs(student.predict(validation_x) - wanted).max() < 1e-3
    train(student)
print(sorted(history.history))
