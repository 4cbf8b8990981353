"""Distances on the sphere. Degrees in, kilometres out, lon before lat; scalars and arrays alike."""

import math

import numpy as np
import numpy.typing as npt

EARTH_KM = 6371.0088
"""Mean radius of the Earth, (2a + b) / 3 of WGS 84, after the IUGG."""

Floats = npt.NDArray[np.float64]


def haversine_km(lon_a: npt.ArrayLike, lat_a: npt.ArrayLike, lon_b: npt.ArrayLike, lat_b: npt.ArrayLike) -> Floats:
    """Return great-circle distances by the haversine formula (R. W. Sinnott, "Virtues of the Haversine", 1984).

    Args:
        lon_a: longitudes of one end, degrees; any range, any shape that broadcasts with the others.
        lat_a: its latitudes, degrees.
        lon_b: longitudes of the other end.
        lat_b: its latitudes.

    Returns:
        Kilometres, float64, of the broadcast shape; within 0.6 % of the distance on the ellipsoid.
    """
    lam_a, phi_a, lam_b, phi_b = (np.radians(np.asarray(x, dtype=np.float64)) for x in (lon_a, lat_a, lon_b, lat_b))
    h = np.sin((phi_b - phi_a) / 2) ** 2 + np.cos(phi_a) * np.cos(phi_b) * np.sin((lam_b - lam_a) / 2) ** 2
    # Rounding can carry h past 1 for antipodes.
    return np.asarray(2 * EARTH_KM * np.arcsin(np.sqrt(np.minimum(h, 1.0))))


def unit_vectors(lon: npt.ArrayLike, lat: npt.ArrayLike) -> Floats:
    """Return points as unit vectors (x towards 0 E, y towards 90 E, z north): shape (..., 3)."""
    lam, phi = np.radians(np.asarray(lon, dtype=np.float64)), np.radians(np.asarray(lat, dtype=np.float64))
    return np.stack([np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)], axis=-1)


def unit_vector(lon: float, lat: float) -> tuple[float, float, float]:
    """Return one point as a unit vector, like `unit_vectors` but faster for a single point."""
    lam, phi = math.radians(lon), math.radians(lat)
    return math.cos(phi) * math.cos(lam), math.cos(phi) * math.sin(lam), math.sin(phi)


def chord_km(a: Floats, b: Floats) -> Floats:
    """Return great-circle distances between unit vectors of shape (3, ...): h is a quarter of the chord squared."""
    chord = np.sqrt(((a - b) ** 2).sum(axis=0))
    return np.asarray(2 * EARTH_KM * np.arcsin(np.minimum(chord / 2, 1.0)))


class Nearby:
    """Finds the points within a distance of another point, by a scan of a band of latitudes."""

    def __init__(self, lon: Floats, lat: Floats, rank: npt.NDArray[np.int64], within_km: float) -> None:
        """Index points, in degrees; of points at one spot, the one with the lowest rank is the nearest."""
        self._order = np.lexsort((rank, lat))
        self._lat = lat[self._order]
        self._vectors = unit_vectors(lon, lat)[self._order]
        self._least_cos = math.cos(within_km / EARTH_KM)
        self._band_deg = math.degrees(within_km / EARTH_KM) * 1.0001

    def nearest(self, lon: float, lat: float) -> int:
        """Return the index of the nearest point, -1 if none is within the distance. The caller checks the arguments."""
        start, cosines = self._band(lon, lat)
        best = int(cosines.argmax()) if len(cosines) else -1
        return int(self._order[start + best]) if best >= 0 and cosines[best] >= self._least_cos else -1

    def all(self, lon: float, lat: float) -> list[int]:
        """Return the indices of all points within the distance, the nearest first."""
        start, cosines = self._band(lon, lat)
        order = np.argsort(-cosines, kind="stable")
        return [int(i) for i in self._order[start + order[cosines[order] >= self._least_cos]]]

    def _band(self, lon: float, lat: float) -> tuple[int, Floats]:
        start = int(self._lat.searchsorted(lat - self._band_deg))
        end = int(self._lat.searchsorted(lat + self._band_deg, side="right"))
        return start, self._vectors[start:end] @ unit_vector(lon, lat)
