import { describeRepositories } from '../support/repositories.js';
import { devicesContract } from './devices-contract.js';

describeRepositories('devices', devicesContract);
