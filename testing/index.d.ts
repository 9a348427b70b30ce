/** The test kit: docs/testing-against-roost.md. */
import type { RoostClient } from 'roost-client';

import type { Roost as Kit, StartOptions, TestUser as KitUser } from '../src/testing/kit.js';

export type { NewUser, StartOptions, TestMail } from '../src/testing/kit.js';
export type Roost = Kit<RoostClient>;
export type TestUser = KitUser<RoostClient>;

/** A Roost with a database of its own, in this process. */
export function startRoost(options?: StartOptions): Promise<Roost>;

/**
 * One PostgreSQL for all workers of a run, which find it by the environment: for the global set-up of a suite. With `url`,
 * a superuser's, it is a server of yours instead of an embedded one.
 */
export function startCluster(options?: { readonly url?: string | undefined }): Promise<{ stop(): Promise<void> }>;
