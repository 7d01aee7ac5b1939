from hypothesis import HealthCheck, settings

# A busy machine is slow; that is no failure of the property.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")
