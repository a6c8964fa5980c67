/* The subcommands of `vouch model`, one file each; argv[0] is the subcommand's name. */
#ifndef VOUCH_CLI_MODEL_H
#define VOUCH_CLI_MODEL_H

int cmd_model_info(int argc, char **argv);
int cmd_model_bench(int argc, char **argv);
int cmd_model_tokenize(int argc, char **argv);
int cmd_model_generate(int argc, char **argv);
int cmd_model_train(int argc, char **argv);

#endif
