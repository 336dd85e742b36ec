"""A Movesense does not say how far its accelerometer goes."""

import numpy as np

from firmware_host.radios.movesense import NOTIFY, Movesense, encode

G = 9.80665


def fed(radio, number, peak_g):
    acc = np.tile([0.0, 0.0, G], (8, 1))
    acc[3, 2] = peak_g * G
    (frame,) = encode(round(number * 8e3 / 104), acc, np.zeros((8, 3)))
    return radio.feed(NOTIFY, frame)


def test_the_usual_range_is_assumed_until_a_reading_beyond_it():
    radio = Movesense(104)
    assert fed(radio, 0, 8.0)[0].saturated.tolist() == [False] * 3 + [True] + [False] * 4
    assert radio.setting.acc_range_g == 8.0
    assert not fed(radio, 1, 11.5)[0].saturated.any()
    assert radio.setting.acc_range_g == 16.0
    assert not fed(radio, 2, 8.0)[0].saturated.any()
    assert fed(radio, 3, 16.0)[0].saturated.sum() == 1


def test_a_damaged_number_widens_nothing():
    radio = Movesense(104)
    fed(radio, 0, 1.0)
    assert fed(radio, 1, 4000.0) == []
    assert fed(radio, 2, float("nan")) == []
    assert radio.setting.acc_range_g == 8.0
