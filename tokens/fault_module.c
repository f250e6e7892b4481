/* A PKCS#11 module for tests: another module with faults put in.
 *
 * TANBA_FAULT_MODULE   the module behind it
 * TANBA_FAULT_CONTROL  a file read at every call: lines "C_Sign 32" (the return value, hexadecimal, that the call gives
 *                      instead of being made), "flags 40000" (added to CK_TOKEN_INFO.flags), "C_Sign sleep 500"
 *                      (milliseconds before the call is made), "C_Sign hold" (the call is made once the line is gone)
 *                      and "spoil" (an octet of each signature is another one)
 * TANBA_FAULT_CALLS    a file that gets a line with the name of each call watched here
 *
 * Not installed, never loaded but by tests. */
#include <dlfcn.h>
#include <fcntl.h>
#include <p11-kit/pkcs11.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static CK_FUNCTION_LIST* real;
static CK_FUNCTION_LIST faulty;

static void record(const char* call) {
  const char* path = getenv("TANBA_FAULT_CALLS");
  if (path == NULL) return;
  int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0) return;
  char line[64];
  int length = snprintf(line, sizeof line, "%s\n", call);
  if (write(fd, line, (size_t)length) != length) abort();
  close(fd);
}

static FILE* control(void) {
  const char* path = getenv("TANBA_FAULT_CONTROL");
  return path == NULL ? NULL : fopen(path, "re");
}

static int has_line(const char* wanted) {
  FILE* file = control();
  if (file == NULL) return 0;
  char line[128];
  int found = 0;
  while (fgets(line, sizeof line, file) != NULL) {
    line[strcspn(line, "\n")] = '\0';
    if (strcmp(line, wanted) == 0) found = 1;
  }
  fclose(file);
  return found;
}

/* The value that the control file gives for `call`; CKR_OK when it gives none. Waits when it says so. */
static CK_RV fault_of(const char* call) {
  record(call);
  char hold[64];
  snprintf(hold, sizeof hold, "%s hold", call);
  while (has_line(hold)) usleep(5000);
  FILE* file = control();
  if (file == NULL) return CKR_OK;
  CK_RV rv = CKR_OK;
  char line[128];
  size_t length = strlen(call);
  while (fgets(line, sizeof line, file) != NULL) {
    if (strncmp(line, call, length) != 0 || line[length] != ' ') continue;
    const char* rest = line + length + 1;
    if (strncmp(rest, "sleep ", 6) == 0) {
      usleep((useconds_t)strtoul(rest + 6, NULL, 10) * 1000U);
    } else {
      rv = strtoul(rest, NULL, 16);
    }
  }
  fclose(file);
  return rv;
}

static CK_FLAGS more_flags(void) {
  FILE* file = control();
  if (file == NULL) return 0;
  CK_FLAGS flags = 0;
  char line[128];
  while (fgets(line, sizeof line, file) != NULL) {
    if (strncmp(line, "flags ", 6) == 0) flags |= strtoul(line + 6, NULL, 16);
  }
  fclose(file);
  return flags;
}

#define FAULT(call)                    \
  do {                                 \
    CK_RV given = fault_of(#call);     \
    if (given != CKR_OK) return given; \
  } while (0)

static CK_RV get_slot_list(CK_BBOOL present, CK_SLOT_ID_PTR list, CK_ULONG_PTR count) {
  FAULT(C_GetSlotList);
  return real->C_GetSlotList(present, list, count);
}
static CK_RV get_token_info(CK_SLOT_ID slot, CK_TOKEN_INFO_PTR info) {
  FAULT(C_GetTokenInfo);
  CK_RV rv = real->C_GetTokenInfo(slot, info);
  if (rv == CKR_OK) info->flags |= more_flags();
  return rv;
}
static CK_RV open_session(CK_SLOT_ID slot, CK_FLAGS flags, void* application, CK_NOTIFY notify,
                          CK_SESSION_HANDLE_PTR session) {
  FAULT(C_OpenSession);
  return real->C_OpenSession(slot, flags, application, notify, session);
}
static CK_RV close_session(CK_SESSION_HANDLE session) {
  FAULT(C_CloseSession);
  return real->C_CloseSession(session);
}
static CK_RV login(CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_UTF8CHAR_PTR pin, CK_ULONG length) {
  FAULT(C_Login);
  return real->C_Login(session, user, pin, length);
}
static CK_RV find_objects_init(CK_SESSION_HANDLE session, CK_ATTRIBUTE_PTR attributes, CK_ULONG count) {
  FAULT(C_FindObjectsInit);
  return real->C_FindObjectsInit(session, attributes, count);
}
/* Like modules that give fewer handles than there is room for although there are more. */
static CK_RV find_objects(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE_PTR objects, CK_ULONG room, CK_ULONG_PTR count) {
  FAULT(C_FindObjects);
  return real->C_FindObjects(session, objects, room > 3 ? 3 : room, count);
}
static CK_RV sign_init(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key) {
  FAULT(C_SignInit);
  return real->C_SignInit(session, mechanism, key);
}
static CK_RV sign(CK_SESSION_HANDLE session, CK_BYTE_PTR data, CK_ULONG length, CK_BYTE_PTR signature,
                  CK_ULONG_PTR signature_length) {
  FAULT(C_Sign);
  CK_RV rv = real->C_Sign(session, data, length, signature, signature_length);
  if (rv == CKR_OK && signature != NULL && *signature_length > 0 && has_line("spoil")) signature[*signature_length / 2] ^= 1;
  return rv;
}
static CK_RV initialize(void* arguments) {
  FAULT(C_Initialize);
  return real->C_Initialize(arguments);
}

CK_RV C_GetFunctionList(CK_FUNCTION_LIST_PTR_PTR list) {
  if (real == NULL) {
    const char* path = getenv("TANBA_FAULT_MODULE");
    void* library = path == NULL ? NULL : dlopen(path, RTLD_NOW | RTLD_LOCAL);
    CK_C_GetFunctionList get = NULL;
    if (library != NULL) *(void**)&get = dlsym(library, "C_GetFunctionList");
    if (get == NULL || get(&real) != CKR_OK) return CKR_GENERAL_ERROR;
    faulty = *real;
    faulty.C_Initialize = initialize;
    faulty.C_GetFunctionList = C_GetFunctionList;
    faulty.C_GetSlotList = get_slot_list;
    faulty.C_GetTokenInfo = get_token_info;
    faulty.C_OpenSession = open_session;
    faulty.C_CloseSession = close_session;
    faulty.C_Login = login;
    faulty.C_FindObjectsInit = find_objects_init;
    faulty.C_FindObjects = find_objects;
    faulty.C_SignInit = sign_init;
    faulty.C_Sign = sign;
  }
  *list = &faulty;
  return CKR_OK;
}
