/* The release of vouch. */
#ifndef VOUCH_CORE_VERSION_H
#define VOUCH_CORE_VERSION_H

#define VOUCH_VERSION "0.1.0"

#endif
