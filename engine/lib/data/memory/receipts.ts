import { BoundedMap } from '../../util/bounded-map.js';
import type { ReceiptPort, ReceiptRecord } from '../ports/receipts.js';

const MAX_RECEIPTS = 10_000;

export class MemoryReceipts implements ReceiptPort {
  private readonly byRequest = new BoundedMap<string, ReceiptRecord>(MAX_RECEIPTS);

  async get(authRequest: string) {
    return this.byRequest.get(authRequest);
  }

  async list(userId: string, limit: number) {
    return [...this.byRequest.values()]
      .filter((receipt) => receipt.userId === userId)
      .slice(-limit)
      .reverse();
  }

  sweep(time: number): void {
    this.byRequest.dropOldest((receipt) => receipt.at <= time);
  }

  add(receipt: ReceiptRecord): void {
    this.byRequest.set(receipt.authRequest, receipt);
  }

  deleteWhere(matches: (receipt: ReceiptRecord) => boolean): void {
    this.byRequest.deleteWhere(matches);
  }
}
