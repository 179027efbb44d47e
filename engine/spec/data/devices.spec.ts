import { describe } from 'vitest';
import { MemoryRepository } from '../../lib/data/memory/index.js';
import { devicesContract } from './devices-contract.js';

describe('devices in memory', () => devicesContract(async () => new MemoryRepository()));
