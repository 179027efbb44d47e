import type { ReceiptPort, ReceiptRecord } from '../ports/receipts.js';
import { SWEEP_BATCH } from '../retention.js';
import { columnsOf, prepared, rowOf } from './prepared.js';
import type { Database, ReceiptRow, Step } from './schema.js';

export const RECEIPT_COLUMNS = columnsOf<ReceiptRow>()({
  texts: [
    'auth_request',
    'app_key',
    'user_id',
    'device_id',
    'public_key',
    'signed',
    'signature',
    'body',
  ],
  numbers: ['approved', 'at'],
});

const insert = prepared<ReceiptRow>()((db, value) =>
  db.insertInto('receipts').values(rowOf(value, RECEIPT_COLUMNS)),
);

export class SqlReceipts implements ReceiptPort {
  private readonly db: Database;

  constructor(db: Database) {
    this.db = db;
  }

  async get(authRequest: string): Promise<ReceiptRecord | undefined> {
    const row = await this.db
      .selectFrom('receipts')
      .selectAll()
      .where('auth_request', '=', authRequest)
      .executeTakeFirst();
    return row && receiptRecord(row);
  }

  async list(userId: string, limit: number): Promise<ReceiptRecord[]> {
    const rows = await this.db
      .selectFrom('receipts')
      .selectAll()
      .where('user_id', '=', userId)
      .orderBy('at', 'desc')
      .limit(limit)
      .execute();
    return rows.map(receiptRecord);
  }

  /** Deletes a batch of the receipts that are older and returns how many they were. */
  async deleteOlderThan(time: number): Promise<number> {
    const deleted = await this.db
      .deleteFrom('receipts')
      .where('auth_request', 'in', (eb) =>
        eb.selectFrom('receipts').select('auth_request').where('at', '<=', time).limit(SWEEP_BATCH),
      )
      .executeTakeFirst();
    return Number(deleted.numDeletedRows);
  }
}

export async function insertReceipt(trx: Step, receipt: ReceiptRecord): Promise<void> {
  await insert.all(trx, receiptRow(receipt));
}

export function receiptRow(receipt: ReceiptRecord): ReceiptRow {
  return {
    auth_request: receipt.authRequest,
    app_key: receipt.appKey,
    user_id: receipt.userId,
    device_id: receipt.deviceId,
    approved: Number(receipt.approved),
    at: receipt.at,
    public_key: JSON.stringify(receipt.publicKey),
    signed: receipt.signed,
    signature: receipt.signature,
    body: receipt.body,
  };
}

function receiptRecord(row: ReceiptRow): ReceiptRecord {
  return {
    authRequest: row.auth_request,
    appKey: row.app_key,
    userId: row.user_id,
    deviceId: row.device_id,
    approved: row.approved === 1,
    at: row.at,
    publicKey: JSON.parse(row.public_key),
    signed: row.signed,
    signature: row.signature,
    body: row.body,
  };
}
