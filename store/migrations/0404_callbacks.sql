-- Callbacks: services that carry messages have keys of their own, good for nothing but receipts and answers.
ALTER TABLE membership DROP CONSTRAINT membership_role_check;
ALTER TABLE membership ADD CONSTRAINT membership_role_check
    CHECK (role IN ('farmer', 'officer', 'agronomist', 'department', 'gateway', 'provider', 'administrator'));
