"""The equations of block mechanisms, written out in numpy for one image after the other: slow, plain, independent."""

import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softmax(x):
    e = np.exp(x - x.max())
    return e / e.sum()


def relu(x):
    return np.maximum(x, 0)


def matrix(p, name):
    """The weight of a linear layer or a 1 x 1 convolution."""
    weight = p[f"{name}.weight"]
    return weight.reshape(len(weight), -1)


def se(x, p):
    out = np.empty_like(x)
    for b, image in enumerate(x):
        s = np.array([channel.sum() / channel.size for channel in image])
        hidden = relu(matrix(p, "module.fc1") @ s + p["module.fc1.bias"])
        e = sigmoid(matrix(p, "module.fc2") @ hidden + p["module.fc2.bias"])
        for c in range(len(image)):
            out[b, c] = image[c] * e[c]
    return out


def cell_mean(channel, row, column, cells):
    """Mean over one cell of a grid; its borders are rounded outwards."""
    height, width = channel.shape
    top, bottom = row * height // cells, -(-(row + 1) * height // cells)
    left, right = column * width // cells, -(-(column + 1) * width // cells)
    return channel[top:bottom, left:right].mean()


def spa(x, p):
    out = np.empty_like(x)
    for b, image in enumerate(x):
        v = [cell_mean(channel, i, j, k) for k in (1, 2, 4) for channel in image for i in range(k) for j in range(k)]
        e = sigmoid(p["layers.2.weight"] @ relu(p["layers.0.weight"] @ np.array(v)))
        out[b] = np.einsum("chw,c->chw", image, e)
    return out


def ca(x, p):
    """In evaluation: BN normalizes by its running statistics."""
    out = np.empty_like(x)
    scale = p["normalize.weight"] / np.sqrt(p["normalize.running_var"] + 1e-5)
    for b, image in enumerate(x):
        _, height, width = image.shape
        means = np.concatenate([image.mean(2), image.mean(1)], axis=1)
        u = matrix(p, "reduce") @ means + p["reduce.bias"][:, None]
        u = (u - p["normalize.running_mean"][:, None]) * scale[:, None] + p["normalize.bias"][:, None]
        u = u * np.clip(u + 3, 0, 6) / 6
        rows = sigmoid(matrix(p, "expand_rows") @ u[:, :height] + p["expand_rows.bias"][:, None])
        columns = sigmoid(matrix(p, "expand_columns") @ u[:, height:] + p["expand_columns.bias"][:, None])
        for i in range(height):
            for j in range(width):
                out[b, :, i, j] = image[:, i, j] * rows[:, i] * columns[:, j]
    return out


def nl(x, p):
    out = np.empty_like(x)
    for b, image in enumerate(x):
        channels, height, width = image.shape
        pixels = image.reshape(channels, -1)
        q, k, v = (matrix(p, name) @ pixels + p[f"{name}.bias"][:, None] for name in ("query", "key", "value"))
        gathered = np.empty_like(pixels)
        for i in range(height * width):
            a = softmax(np.array([q[:, i] @ k[:, j] for j in range(height * width)]))
            gathered[:, i] = sum(a[j] * v[:, j] for j in range(height * width))
        out[b] = image + p["gamma"][0] * gathered.reshape(image.shape)
    return out


def gc(x, p):
    out = np.empty_like(x)
    for b, image in enumerate(x):
        pixels = image.reshape(len(image), -1)
        scores = [matrix(p, "module.conv_attn")[0] @ pixel + p["module.conv_attn.bias"][0] for pixel in pixels.T]
        context = pixels @ softmax(np.array(scores))
        hidden = matrix(p, "module.mlp_add.fc1") @ context + p["module.mlp_add.fc1.bias"]
        hidden = (hidden - hidden.mean()) / np.sqrt(hidden.var() + 1e-6)
        hidden = relu(hidden * p["module.mlp_add.norm.weight"] + p["module.mlp_add.norm.bias"])
        added = matrix(p, "module.mlp_add.fc2") @ hidden + p["module.mlp_add.fc2.bias"]
        out[b] = image + added[:, None, None]
    return out


def ea(x, p):
    out = np.empty_like(x)
    for b, image in enumerate(x):
        q = image.reshape(len(image), -1).T
        a = q @ p["keys.weight"].T
        for s in range(a.shape[1]):
            a[:, s] = softmax(a[:, s])
        for n in range(len(a)):
            a[n] = a[n] / a[n].sum()
        out[b] = (a @ p["values.weight"].T).T.reshape(image.shape)
    return out


def group_mean(image, groups, group):
    """CP: the means of a number of contiguous groups of channels."""
    size = len(image) // groups
    return sum(image[group * size + c] for c in range(size)) / size


def ppcr(x, p):
    out = np.empty_like(x)
    for b, image in enumerate(x):
        t = np.stack([group_mean(image, k, group) for k in (1, 2, 4) for group in range(k)])
        for i in range(image.shape[1]):
            for j in range(image.shape[2]):
                values = t[:, i, j]
                mean = sum(values) / 7
                variance = sum((v - mean) ** 2 for v in values) / 7
                z = sum(p["weight"][d, i, j] * (values[d] - mean) / np.sqrt(variance + 1e-5) for d in range(7))
                out[b, :, i, j] = sigmoid(z) * image[:, i, j]
    return out


def spatial_gate(image, kernel):
    padded = np.pad(np.stack([image.mean(0), image.max(0)]), ((0, 0), (3, 3), (3, 3)))
    _, height, width = image.shape
    scores = [[(padded[:, i : i + 7, j : j + 7] * kernel).sum() for j in range(width)] for i in range(height)]
    return sigmoid(np.array(scores))


def sa(x, p):
    return np.stack([image * spatial_gate(image, p["convolve.weight"][0]) for image in x])


def cbam(x, p):
    out = np.empty_like(x)
    first, second = matrix(p, "channel.fc1"), matrix(p, "channel.fc2")
    for b, image in enumerate(x):
        mean, top = image.mean((1, 2)), image.max((1, 2))
        e = sigmoid(second @ relu(first @ mean) + second @ relu(first @ top))
        image = image * e[:, None, None]
        out[b] = image * spatial_gate(image, p["spatial.convolve.weight"][0])
    return out
