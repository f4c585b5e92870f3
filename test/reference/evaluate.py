"""Values of metrics and tests by scikit-learn and scipy (Debian: python3-sklearn), for the unit tests.

Run once: /usr/bin/python3 test/reference/evaluate.py | npx prettier --parser json > test/reference/evaluate.json
"""
import json
import warnings

import numpy as np
from scipy import stats
from scipy.special import softmax
from sklearn import metrics

warnings.simplefilter("ignore")
rng = np.random.default_rng(7)


def scores(count, classes, sharpness, labels):
    logits = rng.normal(size=(count, classes))
    logits[np.arange(count), labels] += 1
    return np.float32(sharpness * logits)


def calibration_error(p, labels, bins=15):
    """Guo et al., straight from their definition."""
    top, right = p.max(1), p.argmax(1) == labels
    total = 0
    for b in range(bins):
        inside = (top > b / bins) & (top <= (b + 1) / bins)
        if inside.any():
            total += inside.mean() * abs(right[inside].mean() - top[inside].mean())
    return total


def metric_case(labels, logits):
    labels = np.array(labels)
    p = softmax(np.float64(logits), axis=1)
    predicted = logits.argmax(1)
    classes = logits.shape[1]
    return {
        "labels": labels.tolist(),
        "logits": logits.ravel().tolist(),
        "classes": classes,
        "accuracy": metrics.accuracy_score(labels, predicted),
        "balancedAccuracy": metrics.balanced_accuracy_score(labels, predicted),
        "macroF1": metrics.f1_score(labels, predicted, average="macro"),
        "logLoss": metrics.log_loss(labels, p, labels=range(classes), eps=1e-300),
        "ece": calibration_error(p, labels),
        "confusion": metrics.confusion_matrix(labels, predicted, labels=range(classes)).tolist(),
    }


def metric_cases():
    uneven = rng.choice(5, size=200, p=[0.5, 0.2, 0.15, 0.1, 0.05])
    missing = rng.choice([0, 2, 3], size=60)
    binary = rng.integers(0, 2, size=50)
    return {
        "uneven classes": metric_case(uneven, scores(200, 5, 1.5, uneven)),
        "a class without images": metric_case(missing, scores(60, 4, 1, missing)),
        "two classes": metric_case(binary, scores(50, 2, 4, binary)),
        "one image": metric_case([1], scores(1, 3, 1, [1])),
    }


def holm_by_definition(p):
    """Smallest level, on a fine grid of candidates, at which Holm's procedure rejects each hypothesis."""
    p = np.array(p)
    m = len(p)
    candidates = sorted({min(1.0, float(k * x)) for x in p for k in range(1, m + 1)} | {1.0})
    adjusted = np.ones(m)
    for level in reversed(candidates):
        rejected, order = set(), np.argsort(p)
        for rank, i in enumerate(order):
            if p[i] > level / (m - rank) * (1 + 1e-12):
                break
            rejected.add(i)
        for i in rejected:
            adjusted[i] = level
    return adjusted.tolist()


def sign_patterns(d):
    """Exact two-sided p of the signed-rank test by all sign patterns, zeros dropped, mean ranks for ties."""
    d = np.array([x for x in d if x != 0])
    ranks = stats.rankdata(abs(d))
    observed = min(ranks[d > 0].sum(), ranks[d < 0].sum())
    sums = np.array([sum(r for k, r in enumerate(ranks) if code >> k & 1) for code in range(2 ** len(d))])
    return observed, min(1.0, 2 * (sums <= observed + 1e-9).mean())


def seed_case(a, b):
    d = np.array(b) - np.array(a)
    t, p = stats.ttest_rel(b, a)
    low, high = stats.t.interval(0.95, len(d) - 1, loc=d.mean(), scale=stats.sem(d))
    statistic, exact = sign_patterns(np.round(d, 12))
    return {
        "a": list(a), "b": list(b), "mean": d.mean(), "low": low, "high": high,
        "t": t, "p": p, "wilcoxon": {"statistic": statistic, "p": exact},
    }


def seed_cases():
    a = rng.normal(0.7, 0.02, 5)
    c = rng.normal(0.7, 0.02, 12)
    cases = [seed_case(a, a + rng.normal(0.05, 0.02, 5)), seed_case(c, c + rng.normal(0.002, 0.02, 12))]
    cases.append(seed_case([0.7, 0.71, 0.69, 0.72, 0.7, 0.68], [0.72, 0.73, 0.69, 0.70, 0.73, 0.71]))
    no_ties = cases[1]
    scipys = stats.wilcoxon(np.array(no_ties["b"]) - np.array(no_ties["a"]), mode="exact")
    assert abs(scipys.pvalue - no_ties["wilcoxon"]["p"]) < 1e-12
    return cases


def bootstrap_case():
    """b - a in balanced accuracy, classes drawn apart, many resamples."""
    classes = [(30, 2, 9), (12, 1, 3), (50, 4, 4), (8, 0, 0)]
    differences = np.zeros(400_000)
    for n, only_a, only_b in classes:
        draws = rng.multinomial(n, [only_a / n, only_b / n, 1 - (only_a + only_b) / n], size=len(differences))
        differences += (draws[:, 1] - draws[:, 0]) / n / len(classes)
    low, high = np.quantile(differences, [0.025, 0.975])
    return {"classes": classes, "low": low, "high": high}


p_values = [0.01, 0.04, 0.03, 0.005, 0.5, 0.03]
print(json.dumps({
    "metrics": metric_cases(),
    "mcnemar": [
        {"onlyA": a, "onlyB": b, "p": stats.binomtest(min(a, b), a + b).pvalue if a + b else 1.0}
        for a, b in [(0, 0), (1, 0), (3, 3), (2, 9), (14, 3), (40, 80), (700, 900), (3000, 3100)]
    ],
    "holm": {"p": p_values, "adjusted": holm_by_definition(p_values)},
    "seeds": seed_cases(),
    "bootstrap": bootstrap_case(),
}))
