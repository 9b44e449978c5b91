"""A wider and a deeper network begin with what a smaller one has learned."""
from __future__ import print_function
import numpy as np
import keras
from keras import backend as K
from keras.models import Sequential
from keras.layers import Conv2D, MaxPooling2D, Dense, Flatten
from keras.optimizers import SGD
from keras.datasets import mnist

if K.image_data_format() == 'channels_first':
    input_shape = (1, 28, 28)
else:
    input_shape = (28, 28, 1)
(x_train, y_train), (x_test, y_test) = mnist.load_data()
x_train, x_test = [x.astype('float32').reshape((-1,) + input_shape) / 255 for x in (x_train, x_test)]
y_train, y_test = [keras.utils.to_categorical(y) for y in (y_train, y_test)]


def wider2net_fc(teacher_w1, teacher_b1, teacher_w2, new_width):
    n = new_width - teacher_w1.shape[1]
    index = np.random.randint(teacher_w1.shape[1], size=n)
    factors = np.bincount(index)[index] + 1.
    new_w2 = teacher_w2[index, :] / factors[:, np.newaxis]
    student_w1 = np.concatenate((teacher_w1, teacher_w1[:, index]), axis=1)
    student_w2 = np.concatenate((teacher_w2, new_w2), axis=0)
    student_w2[index, :] = new_w2
    return student_w1, np.concatenate((teacher_b1, teacher_b1[index]), axis=0), student_w2


def deeper2net_conv2d(teacher_w):
    kh, kw, num_channel, filters = teacher_w.shape
    student_w = np.zeros_like(teacher_w)
    student_w = np.zeros((kh, kw, filters, filters))
    for i in range(filters):
        student_w[(kh - 1) // 2, (kw - 1) // 2, i, i] = 1.0
    return student_w, np.zeros(filters)


def make_model(units=8, deeper=False):
    model = Sequential()
    model.add(Conv2D(4, 3, input_shape=input_shape, padding='same', name='conv1'))
    model.add(MaxPooling2D(2, name='pool1'))
    model.add(Conv2D(6, 3, padding='same', name='conv2'))
    if deeper:
        model.add(Conv2D(6, 3, padding='same', name='conv2-deeper'))
    model.add(MaxPooling2D(2, name='pool2'))
    model.add(Flatten(name='flatten'))
    model.add(Dense(units, activation='relu', name='fc1'))
    if deeper:
        model.add(Dense(units, kernel_initializer='identity', activation='relu', name='fc1-deeper'))
    model.add(Dense(10, activation='softmax', name='fc2'))
    return model


def train(model):
    model.compile(loss='categorical_crossentropy', optimizer=SGD(lr=0.01, momentum=0.9),
                  metrics=['accuracy'])
    return model.fit(x_train, y_train, epochs=1, validation_data=(x_test, y_test))


teacher = make_model()
train(teacher)
wider, deeper = make_model(units=12), make_model(deeper=True)
for name in ['conv1', 'conv2', 'fc1', 'fc2']:
    deeper.get_layer(name=name).set_weights(teacher.get_layer(name=name).get_weights())
deeper.get_layer('conv2-deeper').set_weights(
    deeper2net_conv2d(teacher.get_layer('conv2').get_weights()[0]))
for name in ['conv1', 'conv2']:
    wider.get_layer(name=name).set_weights(teacher.get_layer(name=name).get_weights())
w1, b1 = teacher.get_layer('fc1').get_weights()
w2, b2 = teacher.get_layer('fc2').get_weights()
w1, b1, w2 = wider2net_fc(w1, b1, w2, 12)
wider.get_layer('fc1').set_weights([w1, b1])
wider.get_layer('fc2').set_weights([w2, b2])
wanted = teacher.predict(x_test)
for student in (wider, deeper):
    assert np.abs(student.predict(x_test) - wanted).max() < 1e-4
    print(train(student).history['val_acc'])
