import type { Session, StartOptions } from '@mirrahq/node';

export interface MirraOptions extends Pick<StartOptions, 'mirrors' | 'seeds' | 'limits' | 'clock' | 'frozen' | 'binary'> {
  /** Seeds all mirrors anew before each test; what beforeAll made is gone then. */
  resetBetweenTests?: boolean;
  /** The session of all workers, by id or name, which lives on. MIRRA_SESSION does the same, and wins. */
  sessionId?: string;
  /** Refuse what goes to hosts that no mirror claims, loopback excepted: true unless given. */
  noEgress?: boolean;
}

/** What a worker has. */
export interface MirraFixtures {
  mirraOptions: MirraOptions;
  /** The worker's session. */
  mirra: Session;
}
