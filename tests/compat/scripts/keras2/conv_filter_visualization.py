"""Pictures that a network's filters look for, by gradient ascent."""
from __future__ import print_function
import time
import numpy as np
from keras.applications import vgg16
from keras import backend as K

img_width = img_height = 32
layer_name = 'block2_conv1'


def deprocess_image(x):
    x -= x.mean()
    x /= (x.std() + K.epsilon())
    x *= 0.1
    x += 0.5
    x = np.clip(x, 0, 1)
    x *= 255
    if K.image_data_format() == 'channels_first':
        x = x.transpose((1, 2, 0))
    return np.clip(x, 0, 255).astype('uint8')


model = vgg16.VGG16(weights=None, include_top=False)
model.summary()
input_img = model.input
layer_dict = dict([(layer.name, layer) for layer in model.layers[1:]])


def normalize(x):
    return x / (K.sqrt(K.mean(K.square(x))) + K.epsilon())


kept_filters = []
for filter_index in range(0, 3):
    start_time = time.time()
    layer_output = layer_dict[layer_name].output
    if K.image_data_format() == 'channels_first':
        loss = K.mean(layer_output[:, filter_index, :, :])
    else:
        loss = K.mean(layer_output[:, :, :, filter_index])
    grads = K.gradients(loss, input_img)[0]
    grads = normalize(grads)
    iterate = K.function([input_img], [loss, grads])
    step = 1.
    if K.image_data_format() == 'channels_first':
        input_img_data = np.random.random((1, 3, img_width, img_height))
    else:
        input_img_data = np.random.random((1, img_width, img_height, 3))
    input_img_data = (input_img_data - 0.5) * 20 + 128
    losses = []
    for i in range(4):
        loss_value, grads_value = iterate([input_img_data])
        input_img_data += grads_value * step
        losses.append(loss_value)
        if loss_value <= 0.:
            break
    if loss_value > 0:
        assert losses[-1] > losses[0]
        kept_filters.append((deprocess_image(input_img_data[0]), loss_value))
    print('Filter %d processed in %ds' % (filter_index, time.time() - start_time))
kept_filters.sort(key=lambda x: x[1], reverse=True)
