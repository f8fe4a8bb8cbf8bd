"""Clusters of blood pressure variants by their effect on coronary disease, against mrclust 0.1.0.

mrclust starts at random and printed six clusters, two of them by singletons and near-null variants. By the criterion
it uses itself, four clusters are better.
"""

import numpy as np

from osteobiome.mr.clusters import clusters
from osteobiome.stats.mixture import climb, junk_scale


def printed(data):
    return {
        row["cluster_class"]: row["cluster_mean"]
        for row in data.methods["mr_clust_em"]["best"]
        if row["cluster_class"] not in ("Null", "Junk")
    }


def test_clusters__known_groups_are_found(load):
    data = load("sbp_cad121")
    result = clusters(data.pair())
    means = np.array([cluster.mean for cluster in result.clusters if cluster.kind == "substantive"])
    errors = np.array([cluster.se for cluster in result.clusters if cluster.kind == "substantive"])
    assert result.n_substantive == 4
    for mean, error in zip(means, errors, strict=True):
        assert min(abs(mean - theirs) for theirs in printed(data).values()) < max(error, 0.0005)
    theirs = [row["cluster_mean"] for row in data.methods["mr_clust_em"]["best"]]
    ours = np.array([cluster.mean if cluster.mean is not None else np.nan for cluster in result.clusters])
    place = result.best()
    close = np.abs(ours[place] - np.array(theirs)) < 0.02
    assert close.mean() > 0.95


def test_clusters__criterion_is_below_that_of_the_printed_clusters(load):
    data = load("sbp_cad121")
    pair, result = data.pair(), clusters(data.pair())
    ratio, se = pair.beta_outcome / pair.beta_exposure, pair.se_outcome / np.abs(pair.beta_exposure)
    start = np.array(list(printed(data).values()))
    k = start.size
    mean, _, trace = climb(ratio, se, start, np.full(k + 2, 1 / (k + 2)), junk_scale(ratio, se), 5000, 1e-10)
    np.testing.assert_allclose(mean, start, atol=6e-4)  # their clusters are a local maximum of the same likelihood
    bic = -2 * trace[-1] + (2 * k + 1) * np.log(ratio.size)
    assert min(result.bic) < bic - 5.0
    assert result.bic[k] <= bic + 1e-6
