import { describeData } from '../support/data.js';
import { budgetContract } from './budget-contract.js';

describeData('budgets', budgetContract);
