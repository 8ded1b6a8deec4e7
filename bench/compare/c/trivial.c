/* A program that does nothing: what it costs to start it is what is measured. */
int main(void)
{
    return 0;
}
