-- Readers: people who look at charts.

-- name: end_long_sessions
SELECT who, seconds, why FROM end_long_chart_sessions()
