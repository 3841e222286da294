/**
 * What HAProxy knows and this version of Hawser refuses by its own words ("is not supported by this
 * version"). Tests of these stand already and are skipped; a refusal of anything else fails its test.
 */
export const TO_COME: readonly string[] = [];
