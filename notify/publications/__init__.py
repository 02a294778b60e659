"""What is published beside single messages: CAP, bulletins, and what loudspeakers read out."""
