"""An image in one picture's style, whose regions a mask draws."""
import argparse

import numpy as np
from keras import backend as K
from keras.applications import vgg19
from keras.layers import AveragePooling2D, Input
from keras.models import Model
from keras.preprocessing.image import img_to_array, load_img, save_img
from scipy.optimize import fmin_l_bfgs_b

parser = argparse.ArgumentParser()
parser.add_argument('--nlabels', type=int)
parser.add_argument('--style-image', type=str)
parser.add_argument('--style-mask', type=str)
parser.add_argument('--target-mask', type=str)
parser.add_argument('--content-image', type=str, default=None)
parser.add_argument('--target-image-prefix', type=str)
args = parser.parse_args()
num_labels = args.nlabels
rows, columns = 32, 32
content_weight = 0.1 if args.content_image is not None else 0


def preprocess(path):
    img = img_to_array(load_img(path, target_size=(rows, columns)))
    return vgg19.preprocess_input(np.expand_dims(img, axis=0))


def labels_of(path):
    img = img_to_array(load_img(path, target_size=(rows, columns)))
    if K.image_data_format() == 'channels_first':
        img = img.transpose((1, 2, 0))
    label = (img.mean(axis=-1) > 127).astype(int)
    axis = 0 if K.image_data_format() == 'channels_first' else -1
    mask = np.stack([label == r for r in range(num_labels)], axis=axis)
    return np.expand_dims(mask, axis=0)


if K.image_data_format() == 'channels_first':
    shape = (1, 3, rows, columns)
else:
    shape = (1, rows, columns, 3)
style_image = K.variable(preprocess(args.style_image))
target_image = K.placeholder(shape=shape)
if args.content_image is not None:
    content_image = K.variable(preprocess(args.content_image))
else:
    content_image = K.zeros(shape=shape)
images = K.concatenate([style_image, target_image, content_image], axis=0)
style_mask = K.variable(labels_of(args.style_mask).astype('float32'))
target_mask = K.variable(labels_of(args.target_mask).astype('float32'))
masks = K.concatenate([style_mask, target_mask], axis=0)
STYLE, TARGET, CONTENT = 0, 1, 2

image_model = vgg19.VGG19(include_top=False, input_tensor=images, weights=None)
mask_input = Input(tensor=masks, shape=(None, None, None), name='mask_input')
x = mask_input
for layer in image_model.layers[1:]:
    name = 'mask_%s' % layer.name
    if 'conv' in layer.name:
        x = AveragePooling2D((3, 3), padding='same', strides=(1, 1), name=name)(x)
    elif 'pool' in layer.name:
        x = AveragePooling2D((2, 2), name=name)(x)
mask_model = Model(mask_input, x)

image_features, mask_features = {}, {}
for img_layer, mask_layer in zip(image_model.layers, mask_model.layers):
    if 'conv' in img_layer.name:
        assert 'mask_' + img_layer.name == mask_layer.name
        image_features[img_layer.name] = img_layer.output
        mask_features[img_layer.name] = mask_layer.output


def gram(x):
    features = K.batch_flatten(x)
    return K.dot(features, K.transpose(features))


def region_loss(style, target, style_mask, target_mask):
    assert 3 == K.ndim(style) == K.ndim(target)
    assert 2 == K.ndim(style_mask) == K.ndim(target_mask)
    if K.image_data_format() == 'channels_first':
        masked_style = style * style_mask
        masked_target = target * target_mask
        channels = K.shape(style)[0]
    else:
        masked_style = K.permute_dimensions(style, (2, 0, 1)) * style_mask
        masked_target = K.permute_dimensions(target, (2, 0, 1)) * target_mask
        channels = K.shape(style)[-1]
    channels = K.cast(channels, dtype='float32')
    s = gram(masked_style) / K.mean(style_mask) / channels
    c = gram(masked_target) / K.mean(target_mask) / channels
    return K.mean(K.square(s - c))


def style_loss(style, target, style_masks, target_masks):
    loss = K.variable(0)
    for i in range(num_labels):
        if K.image_data_format() == 'channels_first':
            one, other = style_masks[i, :, :], target_masks[i, :, :]
        else:
            one, other = style_masks[:, :, i], target_masks[:, :, i]
        loss += region_loss(style, target, one, other)
    return loss


def variation(x):
    if K.image_data_format() == 'channels_first':
        a = K.square(x[:, :, :rows - 1, :columns - 1] - x[:, :, 1:, :columns - 1])
        b = K.square(x[:, :, :rows - 1, :columns - 1] - x[:, :, :rows - 1, 1:])
    else:
        a = K.square(x[:, :rows - 1, :columns - 1, :] - x[:, 1:, :columns - 1, :])
        b = K.square(x[:, :rows - 1, :columns - 1, :] - x[:, :rows - 1, 1:, :])
    return K.sum(K.pow(a + b, 1.25))


loss = K.variable(0)
content = image_features['block4_conv2'][CONTENT, :, :, :]
target = image_features['block4_conv2'][TARGET, :, :, :]
loss += content_weight * K.sum(K.square(target - content))
for layer in ['block1_conv1', 'block2_conv1', 'block3_conv1']:
    found, drawn = image_features[layer], mask_features[layer]
    sl = style_loss(found[STYLE, :, :, :], found[TARGET, :, :, :],
                    drawn[STYLE, :, :, :], drawn[TARGET, :, :, :])
    loss += (1.0 / 3) * sl
loss += 50. * variation(target_image)
loss_grads = K.gradients(loss, target_image)
outputs = [loss]
if isinstance(loss_grads, (list, tuple)):
    outputs += loss_grads
else:
    outputs.append(loss_grads)
f_outputs = K.function([target_image], outputs)


class Evaluator(object):
    def loss(self, x):
        outs = f_outputs([x.reshape(shape)])
        self.grad_values = outs[1].flatten().astype('float64')
        return outs[0]

    def grads(self, x):
        return np.copy(self.grad_values)


evaluator = Evaluator()
x = np.random.RandomState(1).uniform(0, 255, shape) - 128.
first = evaluator.loss(x)
for i in range(1):
    x, min_val, info = fmin_l_bfgs_b(evaluator.loss, x.flatten(), fprime=evaluator.grads, maxfun=3)
    print('Current loss value:', min_val, 'before', first)
    img = np.clip(x.reshape(shape)[0], 0, 255).astype('uint8')
    save_img(args.target_image_prefix + '_%d.png' % i, img)
assert min_val < first
