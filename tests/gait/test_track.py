"""A growing signal with absolute indices."""

from __future__ import annotations

import numpy as np

from backbeat.gait.track import Track


def test_indices_stay_while_the_past_is_forgotten_and_room_does_not_grow() -> None:
    track = Track(2, -3)
    for block in range(400):
        first = -3 + 50 * block
        track.append(np.arange(first, first + 50) * np.array([[1.0], [10.0]]))
        track.forget_before(track.end - 200)
    assert (track.start, track.end) == (19_797, 19_997)
    assert track.view(19_800, 19_803).tolist() == [[19_800, 19_801, 19_802], [198_000, 198_010, 198_020]]
    assert track.at(np.array([19_850, 19_900])).tolist() == [[19_850, 198_500], [19_900, 199_000]]
    assert track.value(19_850, 1) == 198_500
    assert track.blocks(19_800, 3, 2, 4)[2, 0].tolist() == [19_804, 19_805, 19_806, 19_807]
    assert track._data.shape[1] <= 2048
