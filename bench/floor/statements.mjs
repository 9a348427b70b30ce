// @ts-check
/** The floor's SQL: named, so that PostgreSQL plans each once for a connection, and one statement for each request. */

/**
 * @param {string} name
 * @param {string} text
 */
const named = (name, text) => ({ name, text });

/**
 * In the form of ISO 8601: `pg` then has no dates to parse, and JSON none to write.
 * @param {string} column
 * @param {string} as
 */
const iso = (column, as = column) => `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS ${as}`;

const TASK = `id, user_id, title, description, completed, ${iso('created_at')}, ${iso('updated_at')}`;
const IS_ACTIVE = `deletion IS DISTINCT FROM 'erasing' AND deletion IS DISTINCT FROM 'staff'
  AND NOT (status = 'disabled' AND (disabled_until IS NULL OR disabled_until > clock_timestamp()))`;
const EXPIRY = (/** @type {string} */ idle, /** @type {string} */ absolute, /** @type {string} */ since) =>
  `least(clock_timestamp() + ${idle}::integer * interval '1 day', ${since} + ${absolute}::integer * interval '1 day')`;

export const LIST_TASKS = named(
  'list',
  `SELECT ${TASK} FROM tasks WHERE user_id = $1 ORDER BY tasks.created_at DESC, id DESC LIMIT $2`,
);

export const GET_TASK = named('get', `SELECT ${TASK} FROM tasks WHERE id = $1`);

export const CREATE_TASK = named(
  'create',
  `INSERT INTO tasks (user_id, title, description) VALUES ($1, $2, $3) RETURNING ${TASK}`,
);

export const COMPLETE_TASK = named(
  'complete',
  `UPDATE tasks SET completed = $3 WHERE id = $1 AND user_id = $2 RETURNING ${TASK}`,
);

export const ME = named(
  'me',
  `SELECT id, email, username, display_name, bio, role, email_confirmed_at IS NOT NULL AS email_confirmed,
          ${iso('created_at')}, ${iso('updated_at')}
     FROM users WHERE id = $1 AND deletion IS DISTINCT FROM 'erasing'`,
);

export const FIND_USER = named(
  'find',
  `SELECT id, hashed_password, role, token_epoch FROM users WHERE email = $1 AND ${IS_ACTIVE}`,
);

export const START_SESSION = named(
  'start',
  `INSERT INTO sessions (id, user_id, seq, salt, rotated_at, created_at, last_used_at, expires_at, ip, user_agent)
   SELECT $1, id, 0, $3, now(), now(), now(), ${EXPIRY('$6', '$7', 'now()')}, $4::inet, $5
     FROM users WHERE id = $2 AND hashed_password = $8 AND ${IS_ACTIVE}
   RETURNING id`,
);

export const ROTATE = named(
  'rotate',
  `UPDATE sessions s
      SET seq = $2, salt = $4, prev_salt = $3, rotated_at = clock_timestamp(), last_used_at = clock_timestamp(),
          ip = $5::inet, user_agent = $6, expires_at = ${EXPIRY('$7', '$8', 's.created_at')}
     FROM users u
    WHERE s.id = $1 AND s.seq = $2 - 1 AND s.salt = $3 AND s.revoked_at IS NULL AND s.expires_at > clock_timestamp()
      AND u.id = s.user_id AND ${IS_ACTIVE}
   RETURNING s.id, s.user_id, u.role, u.token_epoch`,
);

export const REPEAT = named(
  'repeat',
  `SELECT s.id, s.user_id, s.salt, u.role, u.token_epoch FROM sessions s JOIN users u ON u.id = s.user_id
    WHERE s.id = $1 AND s.seq = $2 AND s.prev_salt = $3 AND s.revoked_at IS NULL AND s.expires_at > clock_timestamp()
      AND s.rotated_at > clock_timestamp() - $4::integer * interval '1 ms' AND ${IS_ACTIVE}`,
);

export const TIMELINE = named(
  'timeline',
  `SELECT id::text, author_id, username, text, ${iso('created_at')} FROM timeline_page($1, $2, $3, clock_timestamp())`,
);

export const POST = named('post', 'SELECT id, username, created_at FROM insert_post($1, $2)');

export const FOLLOW = named('follow', 'SELECT floor_follow($1, $2) AS outcome');

/** Locks, then looks: what another transaction changed meanwhile is seen, as in Roost, without a round trip for each step. */
export const FLOOR_FOLLOW = `
  CREATE FUNCTION floor_follow(follower uuid, name text) RETURNS text LANGUAGE plpgsql AS $$
  DECLARE
    followee uuid;
    following integer;
  BEGIN
    SELECT u.id INTO followee FROM users u
     WHERE lower(u.username COLLATE "C") = name AND NOT is_hidden(u, statement_timestamp());
    IF followee IS NULL OR followee = follower THEN RETURN 'not found'; END IF;
    PERFORM FROM user_stats WHERE user_id IN (follower, followee) ORDER BY user_id FOR NO KEY UPDATE;
    IF EXISTS (SELECT FROM blocks WHERE (blocker_id = follower AND blocked_id = followee)
                                     OR (blocker_id = followee AND blocked_id = follower)) THEN
      RETURN 'blocked';
    END IF;
    INSERT INTO follows (follower_id, followee_id) VALUES (follower, followee) ON CONFLICT DO NOTHING;
    IF FOUND THEN
      UPDATE user_stats SET followers_count = followers_count + 1 WHERE user_id = followee;
      UPDATE user_stats SET following_count = following_count + 1 WHERE user_id = follower
      RETURNING following_count INTO following;
      IF following > 5000 THEN RAISE EXCEPTION 'too many'; END IF;
    END IF;
    RETURN 'followed';
  END $$`;
