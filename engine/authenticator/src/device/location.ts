import { type Geofence, Unproven } from '../phone.js';
import { language, t } from '../texts/index.js';

/** The proof that the device is inside one of the geofences. The position stays on the device. */
export interface LocationProof {
  index: number;
  accuracy: number;
  at: number;
}

const EARTH_RADIUS_M = 6_371_000;
/** The engine accepts no position that is less accurate, in metres, unless the geofence is larger. */
const MAX_INACCURACY_M = 100;
const LOCATION_TIMEOUT_MS = 20_000;

/** Rejects with an {@link Unproven} if the device is outside all geofences, or has no position. */
export async function prove(
  geofences: Geofence[],
  app: string,
  now: number,
): Promise<LocationProof> {
  const { coords } = await position(app);
  const away = geofences.map((fence) => distance(fence, coords) - fence.radius);
  const nearest = Math.min(...away);
  const index = away.indexOf(nearest);
  if (nearest > 0) throw new Unproven(t.outside(app, inWords(nearest)));
  const accuracy = Math.round(coords.accuracy);
  if (accuracy > Math.max(geofences[index]?.radius ?? 0, MAX_INACCURACY_M)) {
    throw new Unproven(t.locationInexact(accuracy));
  }
  return { index, accuracy, at: now };
}

function position(app: string): Promise<GeolocationPosition> {
  return new Promise((resolve, reject) => {
    const fail = ({ code, PERMISSION_DENIED }: GeolocationPositionError) =>
      reject(new Unproven(code === PERMISSION_DENIED ? t.locationRefused(app) : t.locationUnknown));
    const options = { enableHighAccuracy: true, maximumAge: 0, timeout: LOCATION_TIMEOUT_MS };
    navigator.geolocation.getCurrentPosition(resolve, fail, options);
  });
}

/** In metres, on a sphere. */
function distance(fence: Geofence, { latitude, longitude }: GeolocationCoordinates): number {
  const radians = Math.PI / 180;
  const dLat = (latitude - fence.latitude) * radians;
  const dLon = (longitude - fence.longitude) * radians;
  const a =
    Math.sin(dLat / 2) ** 2 +
    Math.cos(latitude * radians) * Math.cos(fence.latitude * radians) * Math.sin(dLon / 2) ** 2;
  return 2 * EARTH_RADIUS_M * Math.asin(Math.min(1, Math.sqrt(a)));
}

function inWords(metres: number): string {
  const far = metres >= 1000;
  return new Intl.NumberFormat(language, {
    style: 'unit',
    unit: far ? 'kilometer' : 'meter',
    maximumFractionDigits: far && metres < 10_000 ? 1 : 0,
  }).format(far ? metres / 1000 : Math.ceil(metres));
}
