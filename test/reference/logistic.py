"""Linear probes by scikit-learn (Debian: python3-sklearn), for the unit tests.

Run once: /usr/bin/python3 test/reference/logistic.py | npx prettier --parser json > test/reference/logistic.json
"""
import json
import warnings

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

# newton-cg goes on until rounding stops it, and says so
warnings.simplefilter("ignore")
rng = np.random.default_rng(11)


def fit(count, width, classes, l2, binary=False):
    labels = np.concatenate([np.arange(classes), rng.integers(0, classes, count - classes)])
    centres = rng.normal(size=(classes, width))
    scales = np.exp(rng.normal(size=width))
    features = np.float32((centres[labels] + 1.5 * rng.normal(size=(count, width))) * scales + 3)
    scaled = StandardScaler().fit_transform(np.float64(features))
    # columns w/2 and -w/2, each with penalty l2/2 |.|^2, are one row w with l2/4 |w|^2
    strength = l2 / 2 if binary else l2
    model = LogisticRegression(
        C=1 / (strength * count), tol=1e-12, max_iter=100_000, solver="newton-cg",
        multi_class="ovr" if binary else "multinomial",
    ).fit(scaled, labels)
    coef, bias = model.coef_, model.intercept_
    if binary:
        coef, bias = np.vstack([-coef / 2, coef / 2]), np.concatenate([-bias / 2, bias / 2])
    # the bias is free up to a common shift; ours starts at 0 and keeps the mean there
    bias = bias - bias.mean()
    return {
        "classes": classes, "l2": l2, "features": features.ravel().tolist(), "labels": labels.tolist(),
        "weights": coef.T.ravel().tolist(), "bias": bias.tolist(),
    }


print(json.dumps({
    "three classes": fit(60, 5, 3, 0.1),
    "weak penalty": fit(80, 4, 4, 1e-3),
    "more features than images": fit(12, 20, 3, 0.1),
    "two classes": fit(50, 6, 2, 0.1, binary=True),
}))
