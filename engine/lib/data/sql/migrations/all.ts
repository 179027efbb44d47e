import type { Migration } from 'kysely';
import * as first from './0001-first.js';
import * as devices from './0002-devices.js';
import * as rotation from './0003-rotation.js';
import * as sending from './0004-sending.js';
import * as stamps from './0005-stamps.js';
import * as withdrawals from './0006-withdrawals.js';
import * as browsers from './0007-browsers.js';
import * as suspension from './0008-suspension.js';
import * as budgets from './0009-budgets.js';
import * as nodes from './0010-nodes.js';
import * as expectedLogins from './0011-expected-logins.js';
import * as expiredRequests from './0012-expired-requests.js';
import * as growth from './0013-growth.js';
import * as foldedNames from './0014-folded-names.js';

/**
 * The migrations, in the order of their names. They have run on existing data, so that a change is a
 * new migration. None can be reverted; restoring a backup does that.
 */
export const migrations: Record<string, Migration> = {
  '0001-first': first,
  '0002-devices': devices,
  '0003-rotation': rotation,
  '0004-sending': sending,
  '0005-stamps': stamps,
  '0006-withdrawals': withdrawals,
  '0007-browsers': browsers,
  '0008-suspension': suspension,
  '0009-budgets': budgets,
  '0010-nodes': nodes,
  '0011-expected-logins': expectedLogins,
  '0012-expired-requests': expiredRequests,
  '0013-growth': growth,
  '0014-folded-names': foldedNames,
};
