// @ts-check
/** What a person writes first: what is right, whatever it costs. */

/** The same parameters and ids as Roost's page: viewer, id of the last post before, rows. */
export const NAIVE_PAGE = `
  SELECT p.id::text, p.author_id AS "authorId", u.username, p.text, (p.created_at AT TIME ZONE 'UTC')::text AS "createdAt"
    FROM posts p JOIN users u ON u.id = p.author_id
   WHERE p.deleted_at IS NULL AND ($2::bigint IS NULL OR p.id < $2)
     AND NOT (u.status = 'disabled'
              AND (u.disabled_until IS NULL OR u.disabled_until > clock_timestamp()))
     AND p.author_id IN (SELECT $1::uuid UNION ALL
                         SELECT followee_id FROM follows WHERE follower_id = $1
                         EXCEPT SELECT muted_id FROM mutes WHERE user_id = $1)
   ORDER BY p.id DESC LIMIT $3`;

/** A post without the count of its author's. It gives back what every answer needs. */
export const BARE_INSERT = `
  INSERT INTO posts (author_id, text) VALUES ($1, $2)
  RETURNING id::text, (created_at AT TIME ZONE 'UTC')::text AS "createdAt"`;
