-- A user: id, name, email, link, now; ?6 to ?8 say which of the three the source has at all. The others stay as they are.
INSERT INTO ai_user AS old (id, name, email, link, created_at, updated_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?5)
ON CONFLICT (id) DO UPDATE SET
    name  = CASE WHEN ?6 THEN excluded.name ELSE old.name END,
    email = CASE WHEN ?7 THEN excluded.email ELSE old.email END,
    link  = CASE WHEN ?8 THEN excluded.link ELSE old.link END,
    updated_at = excluded.updated_at
WHERE (?6 AND excluded.name IS DISTINCT FROM old.name)
   OR (?7 AND excluded.email IS DISTINCT FROM old.email)
   OR (?8 AND excluded.link IS DISTINCT FROM old.link)
