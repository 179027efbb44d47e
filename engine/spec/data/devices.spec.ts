import { describeData } from '../support/data.js';
import { devicesContract } from './devices-contract.js';

describeData('devices', devicesContract);
