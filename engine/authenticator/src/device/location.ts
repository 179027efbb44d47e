import { type Place, Unproven } from '../phone.js';
import { language, t } from '../texts/index.js';

/** The proof that the device is in one of the places; where exactly stays here. */
export interface LocationProof {
  index: number;
  accuracy: number;
  at: number;
}

const EARTH = 6_371_000;
/** The engine takes no position that is known less well, unless the place is larger. */
const WORST_ACCURACY = 100;
const PATIENCE = 20_000;

/** Rejects with an {@link Unproven} if the device is in none of the places, or cannot tell. */
export async function prove(places: Place[], app: string, now: number): Promise<LocationProof> {
  const { coords } = await position(app);
  const away = places.map((place) => distance(place, coords) - place.radius);
  const nearest = Math.min(...away);
  const index = away.indexOf(nearest);
  if (nearest > 0) throw new Unproven(t.outside(app, inWords(nearest)));
  const accuracy = Math.round(coords.accuracy);
  if (accuracy > Math.max(places[index]?.radius ?? 0, WORST_ACCURACY)) {
    throw new Unproven(t.locationInexact(accuracy));
  }
  return { index, accuracy, at: now };
}

function position(app: string): Promise<GeolocationPosition> {
  return new Promise((resolve, reject) => {
    const fail = ({ code, PERMISSION_DENIED }: GeolocationPositionError) =>
      reject(new Unproven(code === PERMISSION_DENIED ? t.locationRefused(app) : t.locationUnknown));
    const options = { enableHighAccuracy: true, maximumAge: 0, timeout: PATIENCE };
    navigator.geolocation.getCurrentPosition(resolve, fail, options);
  });
}

/** In metres, on a sphere. */
function distance(place: Place, { latitude, longitude }: GeolocationCoordinates): number {
  const radians = Math.PI / 180;
  const dLat = (latitude - place.latitude) * radians;
  const dLon = (longitude - place.longitude) * radians;
  const a =
    Math.sin(dLat / 2) ** 2 +
    Math.cos(latitude * radians) * Math.cos(place.latitude * radians) * Math.sin(dLon / 2) ** 2;
  return 2 * EARTH * Math.asin(Math.min(1, Math.sqrt(a)));
}

function inWords(metres: number): string {
  const far = metres >= 1000;
  return new Intl.NumberFormat(language, {
    style: 'unit',
    unit: far ? 'kilometer' : 'meter',
    maximumFractionDigits: far && metres < 10_000 ? 1 : 0,
  }).format(far ? metres / 1000 : Math.ceil(metres));
}
