"""An image with the content of one picture and the style of another."""
import argparse
import os

import numpy as np
from keras import backend as K
from keras.applications import vgg19
from keras.preprocessing.image import img_to_array, load_img, save_img
from scipy.optimize import fmin_l_bfgs_b

parser = argparse.ArgumentParser()
parser.add_argument('base', type=str)
parser.add_argument('ref', type=str)
parser.add_argument('prefix', type=str)
parser.add_argument('--iter', type=int, default=1)
args = parser.parse_args()

width, height = load_img(args.base).size
rows = 32
columns = int(width * rows / height)


def preprocess(path):
    img = img_to_array(load_img(path, target_size=(rows, columns)))
    return vgg19.preprocess_input(np.expand_dims(img, axis=0))


def deprocess(x):
    if K.image_data_format() == 'channels_first':
        x = x.reshape((3, rows, columns)).transpose((1, 2, 0))
    else:
        x = x.reshape((rows, columns, 3))
    x[:, :, 0] += 103.939
    x[:, :, 1] += 116.779
    x[:, :, 2] += 123.68
    return np.clip(x[:, :, ::-1], 0, 255).astype('uint8')


base_image = K.variable(preprocess(args.base))
style_image = K.variable(preprocess(args.ref))
if K.image_data_format() == 'channels_first':
    combination = K.placeholder((1, 3, rows, columns))
else:
    combination = K.placeholder((1, rows, columns, 3))
input_tensor = K.concatenate([base_image, style_image, combination], axis=0)
model = vgg19.VGG19(input_tensor=input_tensor, weights=None, include_top=False)
outputs_dict = dict([(layer.name, layer.output) for layer in model.layers])


def gram(x):
    assert K.ndim(x) == 3
    if K.image_data_format() == 'channels_first':
        features = K.batch_flatten(x)
    else:
        features = K.batch_flatten(K.permute_dimensions(x, (2, 0, 1)))
    return K.dot(features, K.transpose(features))


def style_loss(style, made):
    assert K.ndim(style) == 3
    return K.sum(K.square(gram(style) - gram(made))) / (4. * 9 * ((rows * columns) ** 2))


def variation(x):
    assert K.ndim(x) == 4
    if K.image_data_format() == 'channels_first':
        a = K.square(x[:, :, :rows - 1, :columns - 1] - x[:, :, 1:, :columns - 1])
        b = K.square(x[:, :, :rows - 1, :columns - 1] - x[:, :, :rows - 1, 1:])
    else:
        a = K.square(x[:, :rows - 1, :columns - 1, :] - x[:, 1:, :columns - 1, :])
        b = K.square(x[:, :rows - 1, :columns - 1, :] - x[:, :rows - 1, 1:, :])
    return K.sum(K.pow(a + b, 1.25))


loss = K.variable(0.)
features = outputs_dict['block4_conv2']
loss += 0.025 * K.sum(K.square(features[2, :, :, :] - features[0, :, :, :]))
names = ['block1_conv1', 'block2_conv1', 'block3_conv1']
for name in names:
    features = outputs_dict[name]
    loss += (1.0 / len(names)) * style_loss(features[1, :, :, :], features[2, :, :, :])
loss += variation(combination)
grads = K.gradients(loss, combination)
outputs = [loss]
if isinstance(grads, (list, tuple)):
    outputs += grads
else:
    outputs.append(grads)
f_outputs = K.function([combination], outputs)


def loss_and_grads(x):
    outs = f_outputs([x.reshape(K.int_shape(combination))])
    if len(outs[1:]) == 1:
        return outs[0], outs[1].flatten().astype('float64')
    return outs[0], np.array(outs[1:]).flatten().astype('float64')


class Evaluator(object):
    def __init__(self):
        self.loss_value = None
        self.grad_values = None

    def loss(self, x):
        assert self.loss_value is None
        self.loss_value, self.grad_values = loss_and_grads(x)
        return self.loss_value

    def grads(self, x):
        assert self.loss_value is not None
        grad_values = np.copy(self.grad_values)
        self.loss_value = None
        self.grad_values = None
        return grad_values


evaluator = Evaluator()
x = preprocess(args.base)
first = loss_and_grads(x)[0]
for i in range(args.iter):
    x, min_val, info = fmin_l_bfgs_b(evaluator.loss, x.flatten(), fprime=evaluator.grads, maxfun=3)
    print('Current loss value:', min_val)
    name = args.prefix + '_at_iteration_%d.png' % i
    save_img(name, deprocess(x.copy()))
    assert os.path.exists(name)
assert min_val < first
