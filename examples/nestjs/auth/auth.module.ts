import { Module } from '@nestjs/common';
import { PassportModule } from '@nestjs/passport';
import { Users } from '../users.js';
import { AuthController } from './auth.controller.js';
import { LaunchKeyLogin } from './launchkey.strategy.js';
import { SessionSerializer } from './session.serializer.js';

@Module({
  imports: [PassportModule],
  providers: [Users, LaunchKeyLogin, SessionSerializer],
  controllers: [AuthController],
})
export class AuthModule {}
