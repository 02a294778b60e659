-- outside a transaction
-- stopped: analytics, notify, api
CALL move_index_values()
;
