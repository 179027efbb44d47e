import { prepared } from './prepared.js';

export const requestByToken = prepared<{ authRequest: string }>()((db, value) =>
  db.selectFrom('requests').selectAll().where('auth_request', '=', value('authRequest')),
);
